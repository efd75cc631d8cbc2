DROP INDEX overrides_swap;
DROP TABLE swap_people;
DROP TABLE swaps;
