module firebreak/bench/peers/goprobe

go 1.26
