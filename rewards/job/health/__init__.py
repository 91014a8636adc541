"""How a running job does, asked at every look of its watch.

metrics    what has CloudWatch counted?
diagnosis  does the job learn, and is that news?
"""
