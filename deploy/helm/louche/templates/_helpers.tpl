{{- define "louche.labels" -}}
app.kubernetes.io/name: louche
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
