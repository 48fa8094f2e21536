package gateway

// preparedStatus are the prepared documents of a node, of all applications and gateways.
type preparedStatus struct {
	Problem     string `json:"problem,omitempty"` // why the node prepares none
	Documents   int    `json:"documents"`
	Bytes       int    `json:"bytes"`
	Generations int    `json:"generations"` // how often the node has replaced them
}
