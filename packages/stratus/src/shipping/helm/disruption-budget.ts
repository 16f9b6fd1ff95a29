/** Nodes that are emptied take so many servers at a time. */
export const disruptionBudget = (): string => `{{- if .Values.podDisruptionBudget.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "stratus.fullname" . }}
  labels: {{- include "stratus.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels: {{- include "stratus.selectorLabels" . | nindent 6 }}
{{- end }}
`;
