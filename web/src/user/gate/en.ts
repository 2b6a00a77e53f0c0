// The pages before signing in, in English.
export default {
  email: "E-mail address",
  password: "Password",
  "login.title": "Sign in",
  "login.next": "Sign in to go on where you were.",
  "login.go": "Sign in",
  "login.forgot": "Forgot it?",
  "login.new": "No account yet?",
  "login.register": "Make one",
  "login.resend": "No mail came? {link}",
  "login.resend.link": "Send the link once more",
  "problem.auth.wrong_credentials": "The address or the password is wrong",
  "problem.auth.wrong_credentials.do": "Check both and try again.",
  "problem.auth.email_not_verified": "Your address is not verified yet",
  "problem.auth.email_not_verified.do": "Open the link in the mail that we sent you.",
} as const;
