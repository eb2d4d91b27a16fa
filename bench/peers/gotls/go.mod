module firebreak/bench/peers/gotls

go 1.26
