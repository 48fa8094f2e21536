package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// BenchmarkRequest counts the allocations and goroutines of one request, from the client's
// connection to the node and back. The client has none.
func BenchmarkRequest(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd})
	for _, app := range []struct{ name, line string }{{"plain", "    prepare: off"}, {"prepared", "    prepare: on"}, {"shared", "    share: on"}} {
		b.Run(app.name, func(b *testing.B) {
			g := startGateway(b, configFor(epmd, app.line, "    context: {current_user_id: {header: X-User-Id, type: integer}}"))
			conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			body := fmt.Sprintf(`{"query":%q}`, benchDocument)
			request := fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nX-User-Id: 42\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			answer := make([]byte, 4096)
			send := func() {
				conn.Write(request)
				for read := 0; !bytes.HasSuffix(answer[:read], []byte("}}}}")); {
					n, err := conn.Read(answer[read:])
					if err != nil {
						b.Fatalf("%s: %v", answer[:read], err)
					}
					read += n
				}
			}
			prepared := `louche_prepared_calls_total{app="/graphql"}`
			for ready := false; !ready; ready = app.name != "prepared" || g.metric(b, prepared) > 0 {
				for range 100 {
					send()
				}
			}
			created := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
			metrics.Read(created)
			before := created[0].Value.Uint64()
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
			metrics.Read(created)
			b.ReportMetric(float64(created[0].Value.Uint64()-before)/float64(b.N), "goroutines/op")
		})
	}
}
