package top

// A Sample is an event of /console/events. Texts of nodes and clients are untrusted.
type Sample struct {
	UptimeSeconds float64             `json:"uptime_seconds"`
	Draining      bool                `json:"draining"`
	MemoryBytes   float64             `json:"memory_bytes"`
	Connections   int                 `json:"connections"`
	InFlight      int                 `json:"in_flight"`
	Apps          []App               `json:"apps"`
	Requests      map[string]Totals   `json:"requests"` // by path
	Bounds        []float64           `json:"bounds"`   // of the operations' histograms
	Operations    []OperationCounters `json:"operations"`
}

// App is an application.
type App struct {
	Path     string   `json:"path"`
	Schema   string   `json:"schema"`
	InFlight int      `json:"in_flight"`
	Queued   int      `json:"queued"`
	Schemas  []string `json:"schemas"`
	Found    int      `json:"found"`
	Problems []string `json:"problems"`
	Nodes    []Node   `json:"nodes"`
}

// Node is a node of an application.
type Node struct {
	Name       string `json:"name"`
	Address    string `json:"address"`
	State      string `json:"state"`
	Breaker    string `json:"breaker"`
	InFlight   int    `json:"in_flight"`
	Ended      Totals `json:"ended"`
	SchemaHash string `json:"schema_hash"`
	Problem    string `json:"problem"`
	BEAM       *BEAM  `json:"beam"` // nil: unknown
}

// BEAM has figures of a node's runtime.
type BEAM struct {
	OTP         string `json:"otp"`
	RunQueue    int    `json:"run_queue"`
	MemoryBytes struct {
		Total float64 `json:"total"`
	} `json:"memory_bytes"`
	Tables struct {
		Processes struct {
			Count float64 `json:"count"`
		} `json:"processes"`
	} `json:"tables"`
	NearlyFull []string `json:"nearly_full"`
}

// Totals are requests, or calls of a node, so far. Within has the number up to each bound.
type Totals struct {
	OK     uint64    `json:"ok"`
	Failed uint64    `json:"failed"`
	Bounds []float64 `json:"bounds"`
	Within []uint64  `json:"within"`
}

// OperationCounters are the requests of an operation so far. The last bucket of Histogram has
// those above all bounds.
type OperationCounters struct {
	Path      string   `json:"path"`
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Requests  uint64   `json:"requests"`
	Failed    uint64   `json:"failed"`
	Slow      uint64   `json:"slow"`
	Seconds   float64  `json:"seconds"`
	Histogram []uint64 `json:"histogram"`
}

// state returns the state of a node in a word, with that of its breaker, as the console does.
func (n *Node) state() string {
	switch {
	case n.State != "connected":
		return n.State
	case n.Breaker == "open":
		return "ejected"
	case n.Breaker == "half-open":
		return "on trial"
	}
	return "up"
}
