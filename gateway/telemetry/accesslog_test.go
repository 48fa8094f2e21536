package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/logging"
)

// logged returns the lines for a report that is logged n times.
func logged(level slog.Level, config AccessConfig, r operation.Report, n int) string {
	var out bytes.Buffer
	handler := logging.NewHandler(&out, level, false)
	access := NewAccessLog(slog.New(handler))
	config.SetDefaults()
	access.Configure(config)
	for range n {
		access.Log(context.Background(), &r)
	}
	handler.Close(time.Minute)
	return out.String()
}

func took(d time.Duration) (t operation.Timer) {
	t.Stages[operation.StageNode] = d
	return t
}

func TestRequestsWithALine(t *testing.T) {
	ok := operation.Report{Code: operation.OK, Timer: took(time.Millisecond)}
	slow := operation.Report{Code: operation.OK, Timer: took(2 * time.Second)}
	partial := operation.Report{Code: operation.OK, Outcome: operation.Partial}
	for name, c := range map[string]struct {
		level  slog.Level
		config AccessConfig
		report operation.Report
		want   string // empty: no line
	}{
		"fast":                   {report: ok},
		"with data and errors":   {report: partial},
		"slow":                   {report: slow, want: `level=INFO msg="slow request" .*took=2s`},
		"slow, another bound":    {config: AccessConfig{Slow: 3 * time.Second}, report: slow},
		"refused":                {report: operation.Report{Code: "FORBIDDEN"}, want: `level=INFO msg="request failed" .*code=FORBIDDEN`},
		"failed, with a cause":   {report: operation.Report{Code: "TIMEOUT", Cause: errors.New("why")}, want: `level=WARN msg="request failed" .*code=TIMEOUT.* cause=why`},
		"failed inside":          {report: operation.Report{Code: operation.InternalCode, Cause: errors.New("why")}, want: `level=ERROR msg="request failed"`},
		"no data":                {report: operation.Report{Code: operation.OK, Outcome: operation.NullData}, want: `level=INFO msg="request failed" .*errors=null_data`},
		"access":                 {config: AccessConfig{Access: 1}, report: ok, want: `level=INFO msg=request .*took=1ms stages.node=1ms`},
		"access, failed":         {config: AccessConfig{Access: 1}, report: operation.Report{Code: "FORBIDDEN"}, want: `msg="request failed"`},
		"level debug":            {level: slog.LevelDebug, report: ok, want: `level=DEBUG msg=request .*took=1ms`},
		"level warn":             {level: slog.LevelWarn, config: AccessConfig{Access: 1}, report: slow},
		"level warn, with cause": {level: slog.LevelWarn, report: operation.Report{Code: "TIMEOUT", Cause: errors.New("why")}, want: `level=WARN`},
	} {
		line := logged(c.level, c.config, c.report, 1)
		if matched := regexp.MustCompile(c.want).MatchString(line); !matched || (c.want == "") != (line == "") {
			t.Errorf("%s: %q does not match %q", name, line, c.want)
		}
	}
}

func TestFieldsOfALine(t *testing.T) {
	report := operation.Report{
		Path: "/graphql", RequestID: "id-of-request", Trace: operation.Trace{ID: [16]byte{0x0a, 0xf7}}, Client: operation.Client{Name: "ios", Version: "1.2"}, Identity: "jwt",
		Request: &operation.Request{Query: "{ secret }", Variables: []byte(`{"a":"s3cret"}`)},
		Kind:    "query", Name: "Q", Hash: [32]byte{0xab}, Node: "a@b", Shared: true, Prepared: true, Events: 3,
		Code: operation.OK, Outcome: operation.Partial, Status: 200, Bytes: 17, Timer: took(time.Millisecond),
	}
	for _, c := range []struct {
		fields string
		want   string
	}{
		{"", `request_id=id-of-request trace_id=0af7` + strings.Repeat("0", 28) + ` path=/graphql client_name=ios client_version=1.2 identity=jwt kind=query name=Q hash=ab` + strings.Repeat("0", 62) +
			` node=a@b shared=true prepared=true events=3 status=200 code=OK errors=partial bytes=17 took=1ms stages.node=1ms`},
		{"node,took,name", `node=a@b took=1ms name=Q`},
		{"document,variables", `document="{ secret }" variables="{\"a\":\"s3cret\"}"`},
	} {
		config := AccessConfig{Access: 1, Fields: strings.FieldsFunc(c.fields, func(r rune) bool { return r == ',' })}
		if _, line, _ := strings.Cut(logged(slog.LevelInfo, config, report, 1), "msg=request "); line != c.want+"\n" {
			t.Errorf("%s: got\n%swant\n%s", c.fields, line, c.want)
		}
	}
	if line := logged(slog.LevelInfo, AccessConfig{Access: 1}, operation.Report{Code: operation.OK}, 1); !strings.HasSuffix(line, "msg=request status=0 code=OK bytes=0 took=0s\n") {
		t.Errorf("fields without a value: %s", line)
	}
}

// Clients can cause failed requests. The operator has asked for those of access.
func TestLinesAreSampledAndBounded(t *testing.T) {
	const n = 2000
	for name, c := range map[string]struct {
		config   AccessConfig
		report   operation.Report
		min, max int
	}{
		"failed":              {AccessConfig{}, operation.Report{Code: "FORBIDDEN"}, 10, 10},
		"all":                 {AccessConfig{Access: 1}, operation.Report{Code: operation.OK}, n, n},
		"all, failed":         {AccessConfig{Access: 1}, operation.Report{Code: "FORBIDDEN"}, n, n},
		"a fourth":            {AccessConfig{Access: .25}, operation.Report{Code: operation.OK}, n / 8, n / 2},
		"a fourth, of failed": {AccessConfig{Access: .25}, operation.Report{Code: "FORBIDDEN"}, n / 8, n / 2},
	} {
		if lines := strings.Count(logged(slog.LevelInfo, c.config, c.report, n), "\n"); lines < c.min || lines > c.max {
			t.Errorf("%s: %d lines of %d", name, lines, n)
		}
	}
}

func TestAccessConfigIsValidated(t *testing.T) {
	for want, config := range map[string]AccessConfig{
		"":          {Access: .01, Slow: time.Second, Fields: []string{"node", "variables"}},
		"access":    {Access: 1.1},
		"slow":      {Slow: -1},
		"fields[1]": {Fields: []string{"node", "token"}},
	} {
		config.SetDefaults()
		if err := config.Validate(); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want+" is ") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
