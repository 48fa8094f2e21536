package transport

import (
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
)

// multipartName is the media type of Apollo's multipart subscription protocol, which has the
// parameter subscriptionSpec.
const multipartName = "multipart/mixed"

// multipartStream is Apollo's multipart subscription protocol. Clients take a part when its
// closing delimiter has come, so each part begins without one.
var multipartStream = &streamFormat{
	contentType: []string{multipartName + `; boundary="graphql"; subscriptionSpec="1.0"`},
	beginning:   delimiter,
	heartbeat:   part("{}"),
	result:      func(json []byte) []byte { return []byte(part(`{"payload":` + string(json) + `}`)) },
	complete:    "--\r\n",
	leave: func(time.Duration) []byte {
		return []byte(part(`{"payload":null,`+string(engine.ErrGoingAway.Body()[1:])) + "--\r\n")
	},
}

const delimiter = "\r\n--graphql"

func part(json string) string {
	return "\r\nContent-Type: application/json\r\n\r\n" + json + delimiter
}

// asksForMultipart reports whether the parameters of multipart/mixed ask for subscriptions.
func asksForMultipart(params string) bool {
	version, _ := param(params, "subscriptionSpec")
	return version == "1.0"
}
