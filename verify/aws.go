package verify

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// aws asks the Security Token Service whose access key it is
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html), which needs no permission. The request is signed
// here, by the two or three values that were found and by nothing of the environment; the secret key is not sent.
//
// A key is active if the answer names an account, which must be the one that newer ids hold. An id is inactive if no partition knows
// it. A signature that does not match says only that id and secret do not belong together.
type aws struct{}

// awsPartition is one of the separate clouds of AWS (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
type awsPartition struct{ name, region, host string }

// awsPartitions are those that the public internet reaches.
func awsPartitions() []awsPartition {
	return []awsPartition{
		{"aws", "us-east-1", "sts.us-east-1.amazonaws.com"},
		{"aws-us-gov", "us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"},
		{"aws-cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"},
		{"aws-eusc", "eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"},
	}
}

// awsCanaries are accounts that issue access keys as traps: their use is the alarm. They are those of canarytokens.org, by ids and an
// account number that are public (https://onappsec.com/tag/canary-token/, https://github.com/0xCardinal/covert-canary-detection).
func awsCanaries() []string { return []string{"595918472158", "992382622183"} }

// Targets implements Protocol. An id needs its secret key, one of temporary credentials (ASIA) its session token as well.
func (aws) Targets(p *Probe) ([]Target, bool) {
	var targets []Target
	for _, a := range awsPartitions() {
		targets = append(targets, Target{Scheme: "https", Host: a.host, Port: "443"})
	}
	return targets, p.Parts["secret"] != "" && (!strings.HasPrefix(p.Secret, "ASIA") || p.Parts["session-token"] != "")
}

// Verify implements Protocol.
func (aws) Verify(ctx context.Context, p *Probe) Answer {
	account := awsAccount(p.Secret)
	if !p.Canaries && slices.Contains(awsCanaries(), account) {
		return Answer{Status: Skipped, Reason: Canary, Identity: map[string]string{"account": account}}
	}
	var refused Answer
	for i, partition := range awsPartitions() {
		a := awsAsk(ctx, p, partition, account)
		switch {
		case a.Status != Inactive:
			if i > 0 && a.Status == Unknown && !a.Reason.Passing() {
				a.Reason = NotEverywhere
			}
			return a
		case i == 0:
			refused = a
		}
	}
	return refused
}

// awsAccount returns the account that an id belongs to, or "": ids since 2019 hold it, as 40 bits after the first one, in base32.
func awsAccount(id string) string {
	const prefix, body = 4, 16
	if len(id) != prefix+body {
		return ""
	}
	raw, err := base32.StdEncoding.DecodeString(id[prefix:])
	if err != nil || raw[0]&0x80 == 0 { // the first bit is 0 in older ids
		return ""
	}
	number := binary.BigEndian.Uint64(raw[:8]) << 1 >> (64 - 40)
	if number >= 1e12 {
		return ""
	}
	return fmt.Sprintf("%012d", number)
}

// awsReply is what the service answers, one or the other.
type awsReply struct {
	XMLName xml.Name
	Arn     string `xml:"GetCallerIdentityResult>Arn"`
	UserID  string `xml:"GetCallerIdentityResult>UserId"`
	Account string `xml:"GetCallerIdentityResult>Account"`
	Code    string `xml:"Error>Code"`
	Message string `xml:"Error>Message"`
}

// awsAsk asks one partition. account is the one that the id holds, or "".
func awsAsk(ctx context.Context, p *Probe, partition awsPartition, account string) Answer {
	const body = "Action=GetCallerIdentity&Version=2011-06-15"
	key := awsKey{id: p.Secret, secret: p.Parts["secret"]}
	if strings.HasPrefix(key.id, "ASIA") {
		key.token = p.Parts["session-token"]
	}
	header := key.sign(partition.host, partition.region, "sts", body, time.Now())
	r, a := p.send(ctx, http.MethodPost, "https://"+partition.host+"/", header, body)
	if r == nil {
		return a
	}
	var reply awsReply
	if xml.Unmarshal(r.body, &reply) != nil || r.cut {
		return unknown(Unclear)
	}
	switch {
	case r.status == http.StatusOK && reply.XMLName.Local == "GetCallerIdentityResponse" && strings.HasPrefix(reply.Arn, "arn:"+partition.name+":") && reply.Account != "":
		if account != "" && reply.Account != account {
			return unknown(Unclear)
		}
		return Answer{Status: Active, Identity: map[string]string{"account": reply.Account, "arn": reply.Arn, "user_id": reply.UserID}}
	case reply.XMLName.Local != "ErrorResponse":
		return unknown(Unclear)
	}
	return awsRefusal(r.status, reply.Code, reply.Message)
}

// awsRefusal reads an error (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
func awsRefusal(status int, code, message string) Answer {
	switch {
	case code == "Throttling" || code == "ThrottlingException" || code == "RequestLimitExceeded":
		return unknown(RateLimited)
	case status == http.StatusForbidden && code == "InvalidClientTokenId":
		return Answer{Status: Inactive}
	case status == http.StatusForbidden && code == "ExpiredToken":
		return Answer{Status: Expired}
	case status == http.StatusForbidden && code == "SignatureDoesNotMatch" && !strings.Contains(message, "Signature expired") && !strings.Contains(message, "not yet current"):
		return unknown(Pairing)
	}
	return unknown(Unclear)
}
