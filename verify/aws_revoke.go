package verify

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// awsIAM returns where the Identity and Access Management of a partition is, and the region that its requests are signed for
// (https://docs.aws.amazon.com/general/latest/gr/iam-service.html).
func awsIAM(partition string) (host, region string, ok bool) {
	switch partition {
	case "aws":
		return "iam.amazonaws.com", "us-east-1", true
	case "aws-us-gov":
		return "iam.us-gov.amazonaws.com", "us-gov-west-1", true
	case "aws-cn":
		return "iam.cn-north-1.amazonaws.com.cn", "cn-north-1", true
	}
	return "", "", false
}

// NotOwnKey is the refusal of credentials that are no access keys of users.
const NotOwnKey Refusal = "it is not the long-term key of a user, so it cannot disable itself"

// awsHome returns where an access key can be made inactive: in the partition of its owner, as the verification told.
func awsHome(p *Probe) (host, region string, no Refusal) {
	if !strings.HasPrefix(p.Secret, "AKIA") {
		return "", "", NotOwnKey // temporary credentials and others are not access keys of a user
	}
	partition := "aws"
	if p.Told != nil {
		fields := strings.SplitN(p.Told["arn"], ":", 6) // arn:PARTITION:iam::ACCOUNT:user/NAME
		if len(fields) < 6 || !strings.HasPrefix(fields[5], "user/") && fields[5] != "root" {
			return "", "", NotOwnKey
		}
		partition = fields[1]
	}
	host, region, ok := awsIAM(partition)
	if !ok {
		return "", "", NoRevoker
	}
	return host, region, ""
}

// Revocation implements Revoker. The key is made inactive, signed for by itself
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html): unlike a deleted one it can be told from others afterwards,
// and its owner can undo it. It needs the permission iam:UpdateAccessKey.
func (aws) Revocation(p *Probe) (where string, to []Target, no Refusal) {
	host, _, no := awsHome(p)
	if p.Parts["secret"] == "" && no == "" {
		no = Refusal(PartMissing)
	}
	return http.MethodPost + " https://" + host + "/ Action=UpdateAccessKey&Status=Inactive", []Target{{Scheme: "https", Host: host, Port: "443"}}, no
}

// Revoke implements Revoker.
func (aws) Revoke(ctx context.Context, p *Probe) Refusal {
	host, region, no := awsHome(p)
	if no != "" {
		return no
	}
	body := "AccessKeyId=" + url.QueryEscape(p.Secret) + "&Action=UpdateAccessKey&Status=Inactive&Version=2010-05-08"
	key := awsKey{id: p.Secret, secret: p.Parts["secret"]}
	r, a := p.send(ctx, http.MethodPost, "https://"+host+"/", key.sign(host, region, "iam", body, time.Now()), body)
	switch {
	case r == nil:
		return Refusal(a.Reason)
	case r.status == http.StatusOK && !r.cut && isUpdateAccessKey(r.body):
		return ""
	}
	return NotAccepted
}

func isUpdateAccessKey(body []byte) bool {
	var reply awsReply
	return xml.Unmarshal(body, &reply) == nil && reply.XMLName.Local == "UpdateAccessKeyResponse"
}
