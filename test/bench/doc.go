// Package bench compares ways to run GraphQL operations by load: throughput, latency, and
// the CPU time and thread switches of the processes that serve it. Candidates take turns,
// so that other load on the machine affects all of them, and only figures of one run are
// compared.
package bench
