"""Start something new: a service in another folder, or an entity in this one."""
