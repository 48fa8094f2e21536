package e2e_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

func TestCompression(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	ask := func(document string) (encoding, answer string) {
		req, _ := http.NewRequest(http.MethodPost, g.url+"/graphql", strings.NewReader(`{"query":"`+document+`"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept-Encoding", "gzip") // so that net/http does not decompress
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body := io.Reader(resp.Body)
		if encoding = resp.Header.Get("Content-Encoding"); encoding == "gzip" {
			if body, err = gzip.NewReader(resp.Body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return encoding, string(text)
	}
	if encoding, answer := ask(`{ large(bytes: 10240) }`); encoding != "gzip" || len(answer) < 10_240 || !strings.HasPrefix(answer, `{"data":{"large":["xxx`) {
		t.Errorf("a large answer: %q, %d bytes", encoding, len(answer))
	}
	if encoding, answer := ask(`{ counter }`); encoding != "" || answer != `{"data":{"counter":1}}` {
		t.Errorf("a small answer: %q, %s", encoding, answer)
	}
	g.configure(t, configFor(epmd, "    compress: []"))
	eventually(t, "answers are no longer compressed", func() bool {
		encoding, _ := ask(`{ large(bytes: 10240) }`)
		return encoding == ""
	})
}
