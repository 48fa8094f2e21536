// Package readme runs the programs in the READMEs of the public packages, as their readers
// would, against a real BEAM node.
package readme
