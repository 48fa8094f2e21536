package top

// A Sample is an event of /console/events. Texts of nodes and clients are untrusted.
type Sample struct {
	UptimeSeconds float64             `json:"uptime_seconds"`
	Draining      bool                `json:"draining"`
	MemoryBytes   float64             `json:"memory_bytes"`
	Connections   int                 `json:"connections"`
	InFlight      int                 `json:"in_flight"`
	Apps          []App               `json:"apps"`
	Requests      map[string]Counts   `json:"requests"` // by path
	Bounds        []float64           `json:"bounds"`   // of the histograms
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
	Ended      Ended  `json:"ended"`
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

// Counts are those of requests so far. The last bucket of Histogram has those above all
// bounds.
type Counts struct {
	Requests         uint64    `json:"requests"`
	Failed           uint64    `json:"failed"`      // whose answer has no data
	WithErrors       uint64    `json:"with_errors"` // whose answer has errors, with data or without
	Seconds          float64   `json:"seconds"`
	Histogram        []uint64  `json:"histogram"`
	HistogramSeconds []float64 `json:"histogram_seconds"`
	MaxSeconds       float64   `json:"max_seconds"`
	LatestMaxSeconds float64   `json:"latest_max_seconds"` // of the last two to four seconds
}

// Ended are the calls of a node that have ended so far.
type Ended struct {
	OK     uint64    `json:"ok"`
	Bounds []float64 `json:"bounds"`
	Counts           // Failed: without a result of the call
}

func (e Ended) calls() Counts {
	calls := e.Counts
	calls.Requests = e.OK + e.Failed
	return calls
}

// OperationCounters are the requests of an operation so far.
type OperationCounters struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	Slow uint64 `json:"slow"`
	Counts
}

// emptied returns the paths of the applications in which no node but this one gets calls.
func (s *Sample) emptied(name string) (paths []string) {
	for i := range s.Apps {
		var getsCalls, others bool
		for _, n := range s.Apps[i].Nodes {
			if n.State == "connected" || n.State == "unlisted" {
				getsCalls = getsCalls || n.Name == name
				others = others || n.Name != name
			}
		}
		if getsCalls && !others {
			paths = append(paths, s.Apps[i].Path)
		}
	}
	return paths
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
