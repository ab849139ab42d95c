// What was typed before a question goes on by itself; without JavaScript the button does it.
"use strict";
document.querySelector("form[data-send-now]")?.requestSubmit();
