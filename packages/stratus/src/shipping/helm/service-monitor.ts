import { paths } from '../shipment.ts';

/** Tells the Prometheus Operator where the metrics are. */
export const serviceMonitor = (): string => `{{- if .Values.serviceMonitor.enabled }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "stratus.fullname" . }}
  labels:
    {{- include "stratus.labels" . | nindent 4 }}
    {{- with .Values.serviceMonitor.labels }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  selector:
    matchLabels: {{- include "stratus.selectorLabels" . | nindent 6 }}
  endpoints:
    - port: http
      path: ${paths.metrics}
      interval: {{ .Values.serviceMonitor.interval }}
      {{- if .Values.keys.enabled }}
      authorization:
        type: Bearer
        credentials: { name: {{ include "stratus.keysSecret" . }}, key: prometheus-key }
      {{- end }}
{{- end }}
`;
