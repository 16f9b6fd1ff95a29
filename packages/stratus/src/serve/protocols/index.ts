// The protocols that are spoken. To add one: a file here that declares its routes, and its line below.
import type { DataPlane } from '../data-plane.ts';
import type { RepositoryControl } from '../repository-control.ts';
import type { DescribedPaths, Protocol } from '../route.ts';
import type { StatisticsSource } from '../statistics.ts';
import { docs } from './docs/index.ts';
import { openInference } from './oip/index.ts';
import { modelRepository } from './oip/repository.ts';
import { records } from './records.ts';
import { azureMl } from './scoring/azure.ts';
import { invocations } from './scoring/invocations.ts';
import { type VertexRoutes, vertexAi, vertexRoutes } from './scoring/vertex.ts';
import { tensorFlowServing } from './tensorflow/index.ts';

export type { VertexRoutes };

/** What protocols are told besides the data plane. */
export interface ProtocolOptions {
  readonly statistics?: StatisticsSource | undefined;
  readonly repository?: boolean | undefined;
  readonly control?: RepositoryControl | undefined;
  readonly vertex?: VertexRoutes | undefined;
  readonly besides?: DescribedPaths | undefined;
}

/** All protocols over a data plane. The first that has a path answers it. */
export const protocolsOf = (
  plane: DataPlane,
  { statistics, repository = false, control = plane.repository, vertex = vertexRoutes(process.env), besides }: ProtocolOptions,
): readonly Protocol[] => {
  const all: Protocol[] = [
    vertexAi(plane, vertex), // first: its paths are what the operator says
    ...(repository ? [modelRepository(plane, control)] : []),
    openInference(plane, statistics, repository),
    tensorFlowServing(plane),
    invocations(plane),
    azureMl(plane),
    records(plane),
  ];
  return [...all, docs(plane, besides ? [...all, besides] : all)];
};
