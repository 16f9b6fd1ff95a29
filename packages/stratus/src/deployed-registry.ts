import type { DeployedPlane, DeployedPlaneOptions } from './deployed-plane.ts';
import { following } from './following.ts';
import { LabelFollower } from './label-follower.ts';
import { parseReference, type Reference } from './registry/index.ts';
import { registryShelf } from './registry-shelf.ts';
import { DataPlane, type Shelf } from './serve/index.ts';
import { TrafficFollower } from './traffic-follower.ts';
import { openWorkspace, type Workspace, type WorkspaceOptions } from './workspace/index.ts';

/** One model of a registry under a name of its own; its standard version is what the reference means at the moment. */
function referenceShelf(workspace: Workspace, { model, version = 'latest' }: Reference, name: string): Shelf {
  const all = registryShelf(workspace);
  let last: string | undefined;
  return {
    async list() {
      const found = (await all.list()).find((one) => one.name === model);
      if (!found) return [];
      const wanted = version === 'latest' ? found.versions.at(-1) : /^\d+$/.test(version) ? version : found.aliases[version];
      last = wanted ?? last; // of an alias that is taken away, what it meant goes on
      return last === undefined ? [] : [{ ...found, name, wanted: last }];
    },
    read: (_, number) => all.read(model, number),
  };
}

/**
 * The model that a reference means ('digits@production'), which is followed: when its alias or its traffic rule changes, here or by another process, the new one holds a moment later, and requests on their
 * way are answered by the version before. So processes that have nothing in common but the registry serve the same. While the store does not answer, what is served goes on.
 *
 * Errors: `unknown-name`, `bad-value`; those of `openWorkspace` and `openServable`.
 */
export async function deployedRegistry(
  reference: string,
  options: DeployedPlaneOptions & { readonly registry: WorkspaceOptions },
): Promise<DeployedPlane> {
  const wanted = parseReference(reference);
  const { name = wanted.model } = options;
  const workspace = await openWorkspace(options.registry);
  try {
    const report = onceWhileGone(options.report);
    const only = { model: wanted.model, name };
    const traffic = new TrafficFollower(workspace.store, report.report, only);
    const labels = new LabelFollower(workspace.store, report.report, only);
    const { takeLabels } = options;
    await workspace.store.models.version(wanted.model, wanted.version ?? 'latest'); // what is wrong with the name is said first
    const shelf = report.watch(referenceShelf(workspace, wanted, name));
    const plane = new DataPlane([], {
      ...options,
      report: report.report,
      shelf,
      trafficChanged(change) {
        void traffic.keep(change);
        options.trafficChanged?.(change);
      },
    });
    try {
      await plane.repository.load(name);
      await traffic.look(plane.traffic);
    } catch (e) {
      await plane.release();
      throw e;
    }
    let looking: Promise<void> | undefined;
    const look = async (): Promise<void> => {
      if (!(await plane.repository.look())) return;
      await traffic.look(plane.traffic);
      if (takeLabels) await labels.look(takeLabels);
    };
    return {
      name,
      plane,
      follow: () => following(options.lookMs ?? 2000, () => (looking = look())),
      passLabels: (model, all) => labels.leave(model, all),
      async close() {
        await looking;
        await traffic.kept();
        await workspace.close();
      },
    };
  } catch (e) {
    await workspace.close();
    throw e;
  }
}

/** A store that is gone is told of once, and not at every look. */
function onceWhileGone(report: (error: unknown) => void): { readonly report: typeof report; watch(shelf: Shelf): Shelf } {
  let isGone = false;
  let known: unknown;
  return {
    report: (e) => void (e === known || report(e)),
    watch: (shelf) => ({
      ...shelf,
      async list() {
        try {
          const list = await shelf.list();
          isGone = false;
          return list;
        } catch (e) {
          if (isGone) known = e;
          isGone = true;
          throw e;
        }
      },
    }),
  };
}
