/** Who the servers are; they ask nothing of Kubernetes, and clouds give them rights by annotations. */
export const serviceAccount = (): string => `{{- if .Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "stratus.serviceAccountName" . }}
  labels: {{- include "stratus.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
`;
