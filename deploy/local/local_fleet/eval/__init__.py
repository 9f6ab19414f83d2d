"""`askflash eval`: how well a running fleet finds, answers, cites and refuses, on questions of one's own."""
