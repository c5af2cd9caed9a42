"""Many runs in one command: the comparison of methods, the studies of VKD, the attack grid."""
