// The pages before signing in, in Persian.
import type { Translated } from "../../lib/words";
import type en from "./en";

export default {
  email: "نشانی ایمیل",
  password: "گذرواژه",
  "login.title": "ورود",
  "login.next": "برای ادامه از همان‌جا وارد شوید.",
  "login.go": "ورود",
  "login.forgot": "فراموش کرده‌اید؟",
  "login.new": "هنوز حسابی ندارید؟",
  "login.register": "ساختن حساب",
  "login.resend": "نامه‌ای نرسید؟ {link}",
  "login.resend.link": "پیوند را دوباره بفرست",
  "problem.auth.wrong_credentials": "نشانی یا گذرواژه نادرست است",
  "problem.auth.wrong_credentials.do": "هر دو را بررسی و دوباره تلاش کنید.",
  "problem.auth.email_not_verified": "نشانی شما هنوز تأیید نشده است",
  "problem.auth.email_not_verified.do": "پیوندی را که در نامه برایتان فرستاده‌ایم باز کنید.",
} satisfies Translated<typeof en>;
