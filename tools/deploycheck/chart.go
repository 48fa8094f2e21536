package main

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/releaseutil"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// A setting has values of the chart, and the kinds of objects that the chart has with them.
type setting struct {
	name   string
	values string // YAML
	kinds  []string
}

// settings are the default and everything on.
var settings = []setting{
	{"by default", "", []string{"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service"}},
	{"with everything", `
cookie: {value: a-long-random-cookie}
autoscaling: {enabled: true}
serviceMonitor: {enabled: true}
networkPolicy: {egress: [{ports: [{port: 6379}], to: [{ipBlock: {cidr: 10.0.0.8/32}}]}]}
`, []string{"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Service", "Service", "Service", "ServiceMonitor"}},
	{"beside a Service of the application", `
application: {service: ""}
networkPolicy: {enabled: false}
`, []string{"ConfigMap", "Deployment", "PodDisruptionBudget", "Service"}},
}

// checkChart lints the chart (helm lint), renders it (helm template), decodes the objects into
// the types of the API, which refuses unknown fields, and checks the configuration of the
// gateway with the environment of its container.
func checkChart(folder string, s setting, g gateway) error {
	values, err := chartutil.ReadValues([]byte(s.values))
	if err != nil {
		return err
	}
	for _, m := range lint.All(folder, values, "default", true).Messages {
		if m.Severity >= support.WarningSev {
			return m
		}
	}
	objects, err := render(folder, values)
	if err != nil {
		return err
	}
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetObjectKind().GroupVersionKind().Kind)
	}
	if slices.Sort(kinds); !slices.Equal(kinds, s.kinds) {
		return fmt.Errorf("it has %q, want %q", kinds, s.kinds)
	}
	return checkConfiguration(objects, g)
}

// render returns the objects of the chart.
func render(folder string, values chartutil.Values) ([]runtime.Object, error) {
	chart, err := loader.Load(folder)
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "gateway", Namespace: "default", IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	if err != nil {
		return nil, err
	}
	var objects []runtime.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".yaml" {
			continue
		}
		for _, manifest := range releaseutil.SplitManifests(files[name]) {
			object, err := decode(manifest)
			if err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", name, err, manifest)
			}
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// decode decodes an object, and refuses fields that its type does not have.
func decode(manifest string) (runtime.Object, error) {
	types := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(types), monitoring.AddToScheme(types)); err != nil {
		return nil, err
	}
	object, _, err := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer().Decode([]byte(manifest), nil, nil)
	return object, err
}

// checkConfiguration checks the configuration of the gateway. Kubernetes replaces $(POD_IP).
func checkConfiguration(objects []runtime.Object, g gateway) error {
	var configuration string
	environment := make(map[string]string)
	for _, o := range objects {
		switch o := o.(type) {
		case *core.ConfigMap:
			configuration = o.Data[path.Base(configurationPath)]
		case *apps.Deployment:
			for _, v := range o.Spec.Template.Spec.Containers[0].Env {
				environment[v.Name] = strings.ReplaceAll(v.Value, "$(POD_IP)", "10.0.0.5")
			}
		}
	}
	return g.check(configuration, environment)
}
