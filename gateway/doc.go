// Package gateway is the HTTP side as a whole: listeners, routes and lifecycle. It puts the
// rooms below it together: transport, engine, contract, admin and telemetry. It must never
// decide what becomes of a request: transport and engine do.
package gateway
