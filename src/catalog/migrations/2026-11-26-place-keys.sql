-- As names of places are folded from now on: "Washington" and "washington dc" find "Washington, D.C.".
UPDATE places SET key = replace(replace(key, '.', ''), ',', '');
