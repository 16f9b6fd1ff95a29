/** Who may reach the servers, and whom they may reach. */
export const networkPolicy = (): string => `{{- if .Values.networkPolicy.enabled }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "stratus.fullname" . }}
  labels: {{- include "stratus.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "stratus.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - { protocol: TCP, port: http }
        - { protocol: TCP, port: grpc }
      from: {{- toYaml .Values.networkPolicy.from | nindent 8 }}
    {{- with .Values.networkPolicy.metricsFrom }}
    - ports:
        - { protocol: TCP, port: http }
      from: {{- toYaml . | nindent 8 }}
    {{- end }}
  egress:
    # Name servers.
    - ports:
        - { protocol: UDP, port: 53 }
        - { protocol: TCP, port: 53 }
    {{- if and .Values.model.reference .Values.networkPolicy.registryPorts }}
    - ports:
        {{- range .Values.networkPolicy.registryPorts }}
        - { protocol: TCP, port: {{ . }} }
        {{- end }}
    {{- end }}
    {{- with .Values.networkPolicy.extraEgress }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}
`;
