// an action that only prepares the machine for the next
