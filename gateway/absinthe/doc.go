// Package absinthe is the upstream that runs operations with Absinthe on BEAM nodes. It
// translates between the engine and package rpcclient, whose terms and errors it alone
// knows. It must never know HTTP.
package absinthe
