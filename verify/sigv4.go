package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// awsKey is an access key of AWS; token is that of temporary credentials.
type awsKey struct{ id, secret, token string }

// sign returns the headers of a form that is posted to "/" of host, with a Signature Version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func (k awsKey) sign(host, region, service, body string, now time.Time) http.Header {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	stamp := now.UTC().Format("20060102T150405Z")
	day := stamp[:8]
	scope := strings.Join([]string{day, region, service, "aws4_request"}, "/")
	h := http.Header{"Content-Type": {form}, "X-Amz-Date": {stamp}}
	names, headers := "content-type;host;x-amz-date", "content-type:"+form+"\nhost:"+host+"\nx-amz-date:"+stamp+"\n"
	if k.token != "" {
		h["X-Amz-Security-Token"] = []string{k.token}
		names += ";x-amz-security-token"
		headers += "x-amz-security-token:" + k.token + "\n"
	}
	canonical := strings.Join([]string{"POST", "/", "", headers, names, hexSHA256(body)}, "\n")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hexSHA256(canonical)}, "\n")
	key := []byte("AWS4" + k.secret)
	for _, step := range []string{day, region, service, "aws4_request"} {
		key = hmacSHA256(key, step)
	}
	h["Authorization"] = []string{"AWS4-HMAC-SHA256 Credential=" + k.id + "/" + scope + ", SignedHeaders=" + names +
		", Signature=" + hex.EncodeToString(hmacSHA256(key, text))}
	return h
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
