package transport

import "testing"

func TestAbsintheFormat(t *testing.T) {
	h := &Handler{config: Config{BatchFormat: formatAbsinthe}}
	batch, err := fromArray([]byte(`[{"id":"q1","query":"{ a }","variables":{},"payload":1,"operationName":null}]`), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"q1","operationName":null,"payload":{"data":{}}}`
	if got := h.appendBatched(nil, batch[0].members, []byte(`{"data":{}}`)); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := h.appendBatched(nil, nil, []byte(`{}`)); string(got) != `{"payload":{}}` {
		t.Errorf("an element that is no object: %s", got)
	}
}
