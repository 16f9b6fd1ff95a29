import { autoscaler } from '../helm/autoscaler.ts';
import { chart } from '../helm/chart.ts';
import { deployment } from '../helm/deployment.ts';
import { disruptionBudget } from '../helm/disruption-budget.ts';
import { helpers } from '../helm/helpers.ts';
import { networkPolicy } from '../helm/network-policy.ts';
import { notes } from '../helm/notes.ts';
import { service } from '../helm/service.ts';
import { serviceAccount } from '../helm/service-account.ts';
import { serviceMonitor } from '../helm/service-monitor.ts';
import { values } from '../helm/values.ts';
import { valuesSchema } from '../helm/values-schema.ts';
import { buildCommand, imageFiles } from '../image.ts';
import { plainName } from '../names.ts';
import type { Target } from '../target.ts';

/** A chart of Helm: servers in a cluster of Kubernetes. */
export const helm: Target = {
  about: 'a Helm chart: servers in a cluster of Kubernetes',
  files: (shipment) => [
    { path: 'chart/Chart.yaml', content: chart(shipment), about: 'the chart' },
    { path: 'chart/values.yaml', content: values(shipment), about: 'what can be set' },
    { path: 'chart/values.schema.json', content: valuesSchema(), about: 'what values are checked with' },
    { path: 'chart/templates/_helpers.tpl', content: helpers(), about: 'names and labels' },
    { path: 'chart/templates/deployment.yaml', content: deployment(), about: 'the servers' },
    { path: 'chart/templates/service.yaml', content: service(), about: 'where they are reached' },
    { path: 'chart/templates/hpa.yaml', content: autoscaler(), about: 'how many there are' },
    { path: 'chart/templates/pdb.yaml', content: disruptionBudget(), about: 'how many may be away' },
    { path: 'chart/templates/networkpolicy.yaml', content: networkPolicy(), about: 'who may reach them' },
    { path: 'chart/templates/servicemonitor.yaml', content: serviceMonitor(), about: 'their metrics' },
    { path: 'chart/templates/serviceaccount.yaml', content: serviceAccount(), about: 'who they are' },
    { path: 'chart/templates/NOTES.txt', content: notes(), about: 'what to do then' },
    ...imageFiles(shipment),
  ],
  keys: [
    { name: 'clients', path: 'secrets/clients-key' },
    { name: 'prometheus', path: 'secrets/prometheus-key' },
  ],
  next(shipment) {
    const { image, keys, name, source } = shipment;
    const release = plainName(name);
    const secret = (what: string, from: string): string => `kubectl create secret generic ${release}-${what} ${from}`;
    const s3 = source.kind === 'registry' && source.blobs?.startsWith('s3://');
    const claim = source.kind === 'registry' && !s3 ? ' --set registry.blobsClaim=CLAIM' : '';
    return [
      buildCommand(shipment),
      `docker push ${image}`,
      ...(keys
        ? [secret('keys', '--from-file=keys.json=secrets/keys.json --from-file=prometheus-key=secrets/prometheus-key')]
        : []),
      ...(source.kind === 'registry' ? [secret('registry', '--from-literal=store="$STRATUS_STORE"')] : []),
      `helm upgrade --install ${release} chart${claim}`,
    ];
  },
};
