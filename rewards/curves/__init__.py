"""What a training run's curves and rollouts say: does it learn, or cheat?

From the ground up, one question a file:

curves      what is a run's curve, in one normal form?
formats     which of the formats that trainers write is this?
statistics  does a noisy series rise, fall, swing, and since when?
findings    which signs of sickness does a run show?
rollouts    what do sampled answers show that no curve can?
verdict     does it learn, is it too early to tell, does it cheat?
"""
