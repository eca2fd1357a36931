package detectors

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Grafana's API keys of before service accounts are base64 of a JSON object: the key k, its name n, and the number of the
// organization id (github.com/grafana/grafana, pkg/components/apikeygen).
type grafanaKey struct {
	Key          string `json:"k"`
	Name         string `json:"n"`
	Organization int64  `json:"id"`
}

func verifyGrafanaKey(token []byte) bool {
	raw, ok := decodeKey(token)
	var key grafanaKey
	return ok && json.Unmarshal(raw, &key) == nil && key.Key != "" && key.Name != "" && key.Organization > 0
}

// fixGrafanaKey keeps the length, less what the padding takes.
func fixGrafanaKey(token []byte) []byte {
	body := bytes.TrimRight(token, "=")
	if len(body) < 76 {
		return nil
	}
	const object = `{"k":"%s","n":"%s","id":1}`
	free := len(body)/4*3 - len(fmt.Sprintf(object, "", ""))
	letters := bytes.Map(func(c rune) rune {
		if c == '+' || c == '/' {
			return 'x'
		}
		return c
	}, bytes.Repeat(body[8:], 2))
	raw := fmt.Appendf(nil, object, letters[:32], letters[32:free])
	return base64.RawStdEncoding.AppendEncode(nil, raw)
}
