package gateway

// DiscoveryStatus is the result of the last poll of discovery.
type DiscoveryStatus struct {
	Addresses []string     `json:"addresses,omitempty"` // of the nodes' hosts
	Found     int          `json:"found"`               // nodes that are listed
	EPMDs     []EPMDStatus `json:"epmds,omitempty"`     // that were asked
	Problems  []string     `json:"problems,omitempty"`
}

// EPMDStatus is the answer of one EPMD.
type EPMDStatus struct {
	Address string     `json:"address"`
	Names   []EPMDName `json:"names"`          // those that discovery looks for first
	More    int        `json:"more,omitempty"` // names that are left out
	Problem string     `json:"problem,omitempty"`
}

// EPMDName is a registered node.
type EPMDName struct {
	Name string `json:"name"`
	Port uint16 `json:"port"`
}
