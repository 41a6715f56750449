"""Operations: the launcher, health, the doctor and the checks."""
