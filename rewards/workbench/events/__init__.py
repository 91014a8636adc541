"""Events of one's own: from rollouts, or as a Lambda got them, into a folder that replays.

making   which events do these rollouts make?
pulling  which events do a bucket, a log group or an exported log hold?
keeping  how do they come beside the others, with what they are expected to give?
"""
