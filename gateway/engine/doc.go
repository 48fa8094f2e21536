// Package engine runs one GraphQL operation, step by step: [Engine.Run] has the order. It
// must never know HTTP, and reaches a node through an [Upstream] alone.
package engine
