// Package transport is GraphQL over HTTP: it makes operations of requests, and responses of
// their results. It must never see a node or decide what becomes of an operation: the
// engine does.
package transport
