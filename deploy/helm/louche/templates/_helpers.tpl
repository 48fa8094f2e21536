{{- define "louche.labels" -}}
app.kubernetes.io/name: louche
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "louche.cookieSecret" -}}
{{- if .Values.cookie.value }}{{ .Release.Name }}-cookie{{ else }}{{ .Values.cookie.secret }}{{ end }}
{{- end -}}
