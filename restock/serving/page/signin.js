// The form with which people sign in, and ask for a new password.

import { $ } from "./html.js";

export function signIn(session, onSignedIn) {
  const form = $("sign-in");
  const say = (text) => ($("sign-in-problem").textContent = text);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    const given = new FormData(form);
    try {
      await session.signIn(given.get("email"), given.get("password"));
      form.elements.password.value = "";
      await onSignedIn();
    } catch (error) {
      say(error.message);
    }
  });
  $("forgotten").addEventListener("click", async () => {
    const { email } = form.elements;
    if (!email.reportValidity()) return;
    try {
      await session.google.sendPasswordReset(email.value);
      say("If there is an account with this address, a mail with a link for a new password is on its way.");
    } catch (error) {
      say(error.message);
    }
  });
  return say;
}
