import { paths, ports, type Shipment } from '../shipment.ts';

/** Prometheus finds every server by itself, as their number changes. */
export const prometheusConfig = ({ keys }: Shipment): string => `scrape_configs:
  - job_name: stratus
    scrape_interval: 15s
    metrics_path: ${paths.metrics}
${keys ? '    authorization:\n      credentials_file: /run/secrets/prometheus-key\n' : ''}    dns_sd_configs:
      - names: [model]
        type: A
        port: ${ports.http}
        refresh_interval: 5s
`;
