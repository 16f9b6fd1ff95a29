import { paths } from '../shipment.ts';

/** What Helm says when it has installed the chart. */
export const notes =
  (): string => `The model {{ .Values.model.name }} is served by {{ include "stratus.fullname" . }}: HTTP at {{ .Values.service.httpPort }}, gRPC at {{ .Values.service.grpcPort }}.

  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ include "stratus.fullname" . }}
  kubectl -n {{ .Release.Namespace }} port-forward service/{{ include "stratus.fullname" . }} {{ .Values.service.httpPort }}
  curl http://127.0.0.1:{{ .Values.service.httpPort }}${paths.ready}
{{- if .Values.keys.enabled }}

Who asks needs a key. The Pods wait for the Secret {{ include "stratus.keysSecret" . }} until it is there:
  kubectl -n {{ .Release.Namespace }} create secret generic {{ include "stratus.keysSecret" . }} --from-file=keys.json=secrets/keys.json --from-file=prometheus-key=secrets/prometheus-key
{{- end }}
{{- if .Values.model.reference }}

{{ .Values.model.reference }} is followed in the registry: stratus models promote reaches all Pods within seconds, and no request fails. The Pods wait for the Secret {{ include "stratus.registrySecret" . }}:
  kubectl -n {{ .Release.Namespace }} create secret generic {{ include "stratus.registrySecret" . }} --from-literal=store=postgres://…
{{- end }}
`;
