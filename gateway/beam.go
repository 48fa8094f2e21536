package gateway

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/louche-graphql/louche/rpcclient"
)

// beamStatus is the member beam of a node in GET /status: the figures of its runtime.
type beamStatus struct {
	OTP           string     `json:"otp"`
	Elixir        string     `json:"elixir,omitempty"`
	UptimeSeconds float64    `json:"uptime_seconds"`
	Schedulers    int        `json:"schedulers"`
	RunQueue      int        `json:"run_queue"`
	MemoryBytes   beamMemory `json:"memory_bytes"`
	Tables        beamTables `json:"tables"`
	NearlyFull    []string   `json:"nearly_full,omitempty"` // tables that have 80 % of their limit
	AgeSeconds    float64    `json:"age_seconds"`           // since the node was asked
}

// beamMemory has all kinds of memory, which add up to the total.
type beamMemory struct {
	Total     int64 `json:"total"`
	Processes int64 `json:"processes"`
	Atoms     int64 `json:"atoms"`
	Binaries  int64 `json:"binaries"`
	Code      int64 `json:"code"`
	ETS       int64 `json:"ets"`
	Other     int64 `json:"other"`
}

type beamTables struct {
	Processes beamTable `json:"processes"`
	Ports     beamTable `json:"ports"`
	Atoms     beamTable `json:"atoms"`
	ETSTables beamTable `json:"ets_tables"`
}

type beamTable struct {
	Count int64 `json:"count"`
	Limit int64 `json:"limit"`
}

// newBEAMStatus returns nil if the figures are not known.
func newBEAMStatus(f *rpcclient.NodeFigures) *beamStatus {
	if f == nil {
		return nil
	}
	return &beamStatus{
		OTP:           f.OTPRelease,
		Elixir:        f.ElixirVersion,
		UptimeSeconds: f.Uptime.Seconds(),
		Schedulers:    f.Schedulers,
		RunQueue:      f.RunQueue,
		MemoryBytes:   beamMemory(f.Memory),
		Tables:        beamTables{beamTable(f.Processes), beamTable(f.Ports), beamTable(f.Atoms), beamTable(f.ETSTables)},
		NearlyFull:    f.NearlyFull(),
		AgeSeconds:    time.Since(f.At).Seconds(),
	}
}

var (
	beamInfoDesc       = newDesc("beam_info", "1, with the releases of a node's runtime.", "node", "otp", "elixir")
	beamUptimeDesc     = newDesc("beam_uptime_seconds", "Time since a node's runtime started.", "node")
	beamSchedulersDesc = newDesc("beam_schedulers", "Schedulers of a node that are online.", "node")
	beamRunQueueDesc   = newDesc("beam_run_queue", "Processes and ports of a node that are ready to run and wait for a scheduler.", "node")
	beamMemoryDesc     = newDesc("beam_memory_bytes", "Memory that a node's runtime has allocated, by kind; the kinds add up to the total.", "node", "kind")
	beamEntriesDesc    = newDesc("beam_table_entries", "Entries in a table of a node's runtime.", "node", "table")
	beamLimitDesc      = newDesc("beam_table_limit", "The most entries that a table of a node's runtime can have.", "node", "table")
	beamFullDesc       = newDesc("beam_table_nearly_full", "1 while a table of a node's runtime has 80 % of its limit, else 0.", "node", "table")
)

func (s *beamStatus) collect(to chan<- prometheus.Metric, node string) {
	gauge(to, beamInfoDesc, 1, node, s.OTP, s.Elixir)
	gauge(to, beamUptimeDesc, s.UptimeSeconds, node)
	gauge(to, beamSchedulersDesc, s.Schedulers, node)
	gauge(to, beamRunQueueDesc, s.RunQueue, node)
	m, t := s.MemoryBytes, s.Tables
	for kind, bytes := range map[string]int64{"processes": m.Processes, "atoms": m.Atoms, "binaries": m.Binaries, "code": m.Code, "ets": m.ETS, "other": m.Other} {
		gauge(to, beamMemoryDesc, bytes, node, kind)
	}
	for table, f := range map[string]beamTable{rpcclient.TableProcesses: t.Processes, rpcclient.TablePorts: t.Ports, rpcclient.TableAtoms: t.Atoms, "ets_tables": t.ETSTables} {
		gauge(to, beamEntriesDesc, f.Count, node, table)
		gauge(to, beamLimitDesc, f.Limit, node, table)
		if table == "ets_tables" { // its limit is not enforced
			continue
		}
		full := 0
		if slices.Contains(s.NearlyFull, table) {
			full = 1
		}
		gauge(to, beamFullDesc, full, node, table)
	}
}
