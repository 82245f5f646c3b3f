"""The training that the page "Step through a tape" shows: three steps down a quartic valley."""

import minigrad as mg

with mg.Tape() as tape:
    eta = tape.variable(0.05, name="eta")
    lam = tape.variable(0.1, name="lam")
    w = tape.variable(0.3, name="w_0")
    for t in range(3):
        loss = (w * w - 1.0) ** 2
        slope = tape.gradient(loss, w)  # this sweep is recorded too
        w = w - eta * (slope + lam * w)
        tape.names[w.index] = f"w_{t + 1}"
    C = (w - 1.0) ** 2

explorer = tape.explore(C, [eta, lam])
