package gateway

// What the process needs besides limits.memory: for its code and tables, what it
// remembers of documents, tokens, rate limits and schemas, coders and printers; and for
// each connection.
const (
	baseMemory       = 256 << 20
	connectionMemory = 32 << 10
)

// Footprint is how much memory the process needs at most, in bytes. Half of Memory is
// for what has been given back and not yet been collected.
func (l *Limits) Footprint() int64 {
	return baseMemory + l.Memory + l.Memory/2 + int64(l.Connections)*connectionMemory
}

// Descriptors is how many file descriptors clients and operators need at most.
func (l *Limits) Descriptors() int {
	return l.Connections + maxSurplus + maxOperators + spareFiles
}
