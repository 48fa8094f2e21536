// Package telemetry has the metrics of requests, and the registry in which every feature
// registers its own. It must never import a feature.
package telemetry
