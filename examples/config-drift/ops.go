// Package ops keeps a configuration file as it is meant to be.
//
//	./run -- -c examples/config-drift                 makes the file, and watches it
//	echo 'port = 666' >> /tmp/firebreak-drift/app.conf   (in another terminal) changes it by hand
//	firebreak why asset/app-config                    says what was done
package ops

import (
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

var here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/config-drift")
var live = firebreak.Var("DIR", "/tmp/firebreak-drift") + "/app.conf"

// The checksum of the app.conf beside this file: sha256sum app.conf.
const sum = "e46cc043fb99c9fc0912d8a164eefee31de03cc4b4b493c0915b4341bde41af0"

// Config is what firebreak reads.
var Config = firebreak.Config{
	Assets: []firebreak.Asset{{Name: "app-config", Settle: time.Second}},
	Checks: []firebreak.Check{{
		Name: "as-meant", Asset: "app-config", Every: time.Second,
		File: &firebreak.File{Path: live, SHA256: sum},
	}},
	Remedies: []firebreak.Remedy{
		{
			// Somebody changed it: it is put back whole, and what stood there is kept beside it.
			Name: "put-back", Asset: "app-config", Cooldown: time.Second,
			When: firebreak.When{Reason: "drift_file"},
			Do:   firebreak.Action{Patch: &firebreak.Patch{Path: live, SHA256: sum, From: here + "/app.conf"}},
			Then: "make-folder",
		},
		{
			// There is no folder yet to put it into.
			Name: "make-folder", Asset: "app-config", Cooldown: time.Second,
			Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{
				"install", "-D", "-m", "0644", here + "/app.conf", live,
			}}},
		},
	},
}
