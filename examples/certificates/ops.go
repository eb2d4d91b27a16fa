// Package ops renews a certificate before it ends: fourteen days before, its asset is Degraded.
//
//	./run -- -c examples/certificates                  makes one for 30 days, serves it, and watches
//	examples/certificates/service /tmp/firebreak-certificates/cert.pem 3    serves one for 3 days
//	firebreak get asset shop -w                        (in another terminal) it is renewed
package ops

import (
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

var (
	here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/certificates")
	dir  = firebreak.Var("DIR", "/tmp/firebreak-certificates")
)

// Config is what firebreak reads.
var Config = firebreak.Config{
	Assets: []firebreak.Asset{{Name: "shop", Settle: time.Second}},
	Checks: []firebreak.Check{
		{
			// Nobody has signed it but itself; with a CA, DaysLeft of TLS tells what the next check does.
			Name: "shop-tls", Asset: "shop", Every: time.Second,
			TLS: &firebreak.TLS{Target: "127.0.0.1:19443", Insecure: true},
		},
		{
			Name: "shop-days", Asset: "shop", Every: time.Second, Severity: "degraded",
			Exec: &firebreak.Exec{Argv: []string{
				"openssl", "x509", "-noout", "-checkend", "1209600", "-in", dir + "/cert.pem",
			}},
		},
	},
	Remedies: []firebreak.Remedy{{
		Name: "renew", Asset: "shop", Within: 10 * time.Second, Cooldown: time.Second,
		Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{here + "/service", dir + "/cert.pem"}}},
	}},
}
