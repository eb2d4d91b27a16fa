// Package ops keeps two small services alive: a web server, and the database that it needs.
//
//	./run -- -c examples/web-and-db        starts them, and watches
//	kill -9 $(pidof demo-web)              (in another terminal) kills one; it comes back
//	firebreak why asset/web                says why
package ops

import (
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

// Where this example lies: ./run begins in the folder of the repository.
var here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/web-and-db")

// Config is what firebreak reads.
var Config = firebreak.Config{
	Assets: []firebreak.Asset{
		{Name: "db", Settle: time.Second},
		{Name: "web", Settle: time.Second, DependsOn: []string{"db"}},
	},
	Checks: []firebreak.Check{
		{
			Name: "db-port", Asset: "db", Every: time.Second,
			TCP: &firebreak.TCP{Target: "127.0.0.1:15432"},
		},
		{
			Name: "web-page", Asset: "web", Every: time.Second,
			HTTP: &firebreak.HTTP{URL: "http://127.0.0.1:18080/"},
		},
	},
	Remedies: []firebreak.Remedy{
		{
			Name: "start-db", Asset: "db", Within: 10 * time.Second, Cooldown: time.Second,
			Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{here + "/service", "db", "15432"}}},
		},
		{
			Name: "start-web", Asset: "web", Within: 10 * time.Second, Cooldown: time.Second,
			Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{here + "/service", "web", "18080", "15432"}}},
		},
	},
}
