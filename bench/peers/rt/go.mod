module firebreak/bench/peers/rt

go 1.26
