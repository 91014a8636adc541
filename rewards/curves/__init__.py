"""What a training run's curves and rollouts say: does it learn, or cheat?

From the ground up, one question a file:

curves      what is a run's curve, in one normal form?
services    what do the services of a running job write of it?
timing      at which step was what was logged by the time of day?
formats     which of the formats that trainers write is this?
statistics  does a noisy series rise, fall, swing, and since when?
findings    which signs of sickness does a run show?
rollouts    what do sampled answers show that no curve can?
verdict     does it learn, is it too early to tell, does it cheat?
"""
