"""Floor 1: people, shops, onboarding, standing; policy, events, deadlines, files and jobs that every floor needs."""
