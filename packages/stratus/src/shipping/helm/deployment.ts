import { probes } from '../probes.ts';
import { drainSeconds, inside, ports, userId } from '../shipment.ts';

/** The servers. A Pod is told to end only after balancers had time to notice, and gets time to answer what is open. */
export const deployment =
  (): string => `{{- if and .Values.model.reference (not .Values.registry.blobs) (not .Values.registry.blobsClaim) }}
{{- fail "model.reference needs to know where the registry's files are: set registry.blobs to s3://…, or registry.blobsClaim to a volume that all Pods can read" }}
{{- end }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "stratus.fullname" . }}
  labels: {{- include "stratus.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels: {{- include "stratus.selectorLabels" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  template:
    metadata:
      labels:
        {{- include "stratus.labels" . | nindent 8 }}
        {{- with .Values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- with .Values.podAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "stratus.serviceAccountName" . }}
      automountServiceAccountToken: false
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      # What is open is answered for ${drainSeconds} seconds at most.
      terminationGracePeriodSeconds: {{ add .Values.preStopSeconds ${drainSeconds + 5} }}
      securityContext:
        runAsNonRoot: true
        runAsUser: ${userId}
        runAsGroup: ${userId}
        fsGroup: ${userId}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: stratus
          image: {{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          args:
            - deploy
            - {{ .Values.model.reference | default "${inside.model}" | quote }}
            - --name
            - {{ .Values.model.name | replace "$" "$$" | quote }}
            - --host
            - 0.0.0.0
            - --port
            - "${ports.http}"
            - --grpc-port
            - "${ports.grpc}"
            {{- if .Values.keys.enabled }}
            - --keys
            - ${inside.keyFile}
            {{- else }}
            - --no-keys
            {{- end }}
            - --log
            - json
            {{- range .Values.extraArgs }}
            - {{ . | quote }}
            {{- end }}
          {{- if or .Values.model.reference .Values.env }}
          env:
            {{- if .Values.model.reference }}
            - name: STRATUS_STORE
              valueFrom: { secretKeyRef: { name: {{ include "stratus.registrySecret" . }}, key: store } }
            - name: STRATUS_BLOBS
              value: {{ .Values.registry.blobs | default "${inside.blobs}" | quote }}
            {{- with .Values.registry.project }}
            - name: STRATUS_PROJECT
              value: {{ . | quote }}
            {{- end }}
            {{- end }}
            {{- with .Values.env }}{{ toYaml . | nindent 12 }}{{ end }}
          {{- end }}
          {{- if and .Values.model.reference .Values.registry.blobs }}
          envFrom:
            - secretRef: { name: {{ include "stratus.registrySecret" . }} }
          {{- end }}
          ports:
            - { name: http, containerPort: ${ports.http} }
            - { name: grpc, containerPort: ${ports.grpc} }
          ${probes({ port: 'http', startSeconds: '{{ .Values.startupSeconds }}', indent: 10 })}
          lifecycle:
            preStop: { exec: { command: ["sleep", {{ .Values.preStopSeconds | toString | quote }}] } }
          resources: {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            {{- if .Values.keys.enabled }}
            - { name: keys, mountPath: ${inside.keys}, readOnly: true }
            {{- end }}
            {{- if .Values.registry.blobsClaim }}
            - { name: blobs, mountPath: ${inside.blobs} }
            {{- end }}
      volumes:
        - { name: tmp, emptyDir: {} }
        {{- if .Values.keys.enabled }}
        - name: keys
          secret: { secretName: {{ include "stratus.keysSecret" . }}, items: [{ key: keys.json, path: keys.json }] }
        {{- end }}
        {{- with .Values.registry.blobsClaim }}
        - name: blobs
          persistentVolumeClaim: { claimName: {{ . }} }
        {{- end }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "stratus.selectorLabels" $ | nindent 14 }}
        {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
`;
